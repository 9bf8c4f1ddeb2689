//! The command line: what the user asks for, and what is printed.
