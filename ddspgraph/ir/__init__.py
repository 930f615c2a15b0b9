"""The intermediate representation: types, quantities, ops, graphs."""
