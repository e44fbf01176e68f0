//! Settings: defaults in code, then a TOML file, then the environment. Every key stands in `config.example.toml`.

pub mod issuing;
