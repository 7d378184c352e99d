"""An app whose tool runs for as long as a test in another process wants."""
