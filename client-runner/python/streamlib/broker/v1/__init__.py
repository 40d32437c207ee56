"""The broker's gRPC contract; generated, see scripts/generate.ts."""
