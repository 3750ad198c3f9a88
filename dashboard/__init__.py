"""FACE: every page. No models, no rules."""
