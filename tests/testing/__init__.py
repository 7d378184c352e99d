"""Tests of what other people's tests are written with."""
