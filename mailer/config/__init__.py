"""config/mailer.toml and the environment, as typed settings that say where they are from."""
