"""Which tool sees which damage to a schema: python -m bench.drift"""
