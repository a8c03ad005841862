"""Other packages' names over these models, and models that go from one package to another."""
