"""What runs a user's processor in its subprocess. Nothing here is for users; they see `streamlib` itself."""
