"""Compares reverse proxies on loopback; see benches/README.md."""
