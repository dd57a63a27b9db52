"""Emulated Android phones: they pair, take messages, "send" them and report, as real ones do, and fail on order."""
