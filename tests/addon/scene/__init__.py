"""The user's scene: what comes in, what goes out, in real Blenders."""
