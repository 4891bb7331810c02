"""What another process with a store begins with: Chroma's client, which takes a second of CPU."""

from memory.stores.chromaclients import library

library()
