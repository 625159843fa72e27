"""Attacks on privacy that several auditors share: arrays in, arrays out."""
