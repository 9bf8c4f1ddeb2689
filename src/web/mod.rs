//! The HTTP server: routes, limits, landing page, API.
