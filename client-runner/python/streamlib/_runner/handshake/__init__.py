"""The client's half of the handshake: it tells the broker that it is there, and finds its host."""
