"""Reads each dashboard into Grafana's own models (PyPI: grafana-foundation-sdk) and writes it again: what is lost on
the way is no part of the schema. Arguments: the files. Prints every loss; exit code 1 if there is one, 2 without the
package.
"""

import json
import sys

try:
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.cog.plugins import register_default_plugins
    from grafana_foundation_sdk.models.dashboard import Dashboard
except ImportError as error:
    print(error)
    sys.exit(2)


def losses(before, after, place):
    """Keys and values of `before` that `after` has not."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            # A null is written as nothing.
            if key not in after:
                if value is not None:
                    yield f"{place}/{key}"
            else:
                yield from losses(value, after[key], f"{place}/{key}")
    elif isinstance(before, list) and isinstance(after, list):
        if len(before) != len(after):
            yield f"{place}: {len(before)} items become {len(after)}"
        for index, (one, other) in enumerate(zip(before, after)):
            yield from losses(one, other, f"{place}/{index}")
    elif before != after:
        yield f"{place}: {before!r} becomes {after!r}"


def main(files):
    register_default_plugins()
    found = []
    for file in files:
        with open(file, encoding="utf-8") as text:
            before = json.load(text)
        model = Dashboard.from_json(json.loads(json.dumps(before)))
        after = json.loads(JSONEncoder().encode(model))
        found += [f"{file}{place}" for place in losses(before, after, "")]
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
