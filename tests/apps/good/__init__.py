"""An app whose ``mcp`` module registers one entry for each thing a test wants to see."""
