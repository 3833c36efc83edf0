"""Shipped: contract suites per port, fakes, builders."""
