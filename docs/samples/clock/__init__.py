"""A program behind a site, as the guide shows it."""
