//! The program in a drill, as a child process.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

/// Far above what a short drill takes.
const LIMIT: Duration = Duration::from_secs(120);

/// A running drill; dropping it ends the process.
pub struct Drill {
    child: Child,
    lines: Receiver<String>,
    said: Vec<String>,
}

/// What a drill has said when it has ended.
pub struct Finished {
    pub status: ExitStatus,
    pub said: String,
    pub errors: String,
}

/// The command, on a free port.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_platform_exporter"));
    command.arg("drill").args(arguments);
    command
}

/// Runs a drill to its end.
pub fn run(arguments: &[&str]) -> Finished {
    Drill::start(arguments).finish()
}

impl Drill {
    pub fn start(arguments: &[&str]) -> Self {
        let mut command = command(arguments);
        command.arg("--web.listen-address=127.0.0.1:0");
        Self::spawn(command)
    }

    pub fn spawn(mut command: Command) -> Self {
        let pipes = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = pipes.spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (send, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        Self {
            child,
            lines,
            said: Vec::new(),
        }
    }

    /// Waits for a line with these words; gives it.
    pub fn line(&mut self, words: &str) -> String {
        let begun = Instant::now();
        if let Some(line) = self.said.iter().find(|line| line.contains(words)) {
            return line.clone();
        }
        while let Ok(line) = self
            .lines
            .recv_timeout(LIMIT.saturating_sub(begun.elapsed()))
        {
            self.said.push(line.clone());
            if line.contains(words) {
                return line;
            }
        }
        panic!("no line with {words:?} in\n{}", self.said.join("\n"));
    }

    /// Where it serves, such as `http://127.0.0.1:1234`.
    pub fn address(&mut self) -> String {
        let line = self.line("serving on ");
        let url = line.strip_prefix("serving on ").unwrap();
        url.strip_suffix("/metrics").unwrap().to_owned()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop.
    pub fn terminate(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }

    pub fn running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end.
    pub fn finish(mut self) -> Finished {
        let begun = Instant::now();
        while self.running() {
            assert!(begun.elapsed() < LIMIT, "no end after {LIMIT:?}");
            thread::sleep(Duration::from_millis(20));
        }
        self.said.extend(self.lines.iter());
        let mut errors = String::new();
        let mut pipe = self.child.stderr.take().unwrap();
        pipe.read_to_string(&mut errors).unwrap();
        Finished {
            status: self.child.wait().unwrap(),
            said: self.said.join("\n"),
            errors,
        }
    }
}

impl Drop for Drill {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
