"""Confinement of code that is not trusted: the policy, the mechanisms that enforce it, and names for what they refuse."""
