# Everything a checkout needs. Each target installs first what it lacks and is quick afterwards.

BIN := .venv/bin

.PHONY: help demo test bench speed-table accuracy-table side-by-side meta-training lint clean

help:
	@echo "make demo            try the program on the bundled pictures"
	@echo "make test            run the tests"
	@echo "make bench           measure the speed"
	@echo "make speed-table     the same beside what it should be, in one table"
	@echo "make accuracy-table  measure how well pictures are sorted"
	@echo "make side-by-side    the same beside another library's methods"
	@echo "make meta-training   train a network on Omniglot from nothing and test it"
	@echo "make lint            check style and the rules about imports"
	@echo "make clean           remove everything that was installed or built here"

demo:
	@packaging/bootstrap run
	@$(BIN)/fewshot-gui demo

test:
	@packaging/bootstrap test
	@$(BIN)/python -m pytest --numprocesses logical --maxprocesses 8 --dist loadscope

bench:
	@packaging/bootstrap bench
	@$(BIN)/python -m pytest tests/benchmarks

speed-table:
	@packaging/bootstrap bench
	@$(BIN)/python -m tests.benchmarks.speed_table $(OPTIONS)

accuracy-table:
	@packaging/bootstrap bench
	@$(BIN)/python -m tests.benchmarks.accuracy_table

side-by-side:
	@packaging/bootstrap bench
	@$(BIN)/python -m tests.benchmarks.side_by_side

meta-training:
	@packaging/bootstrap bench
	@$(BIN)/python -m tests.benchmarks.meta_training

lint:
	@packaging/bootstrap test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-logo

clean:
	rm -rf .venv build dist .pytest_cache .ruff_cache .import_linter_cache .hypothesis .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
