"""A remote server behind a site, as the guide shows it."""
