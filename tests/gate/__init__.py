"""The gate: a strict HTTP/1.1 proxy between an AWS client and the moto emulator.

See README.md in this folder for what it checks, which faults it can inject
and how tests drive it.
"""
