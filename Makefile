# Every target installs what it needs: Debian packages with apt-get, Python packages into .venv, of the versions and with the hashes in the
# requirements.txt that make lock writes.

BUILD   := build/release
PROGRAM := $(BUILD)/bin/latentdial
PYTHON  := .venv/bin/python
INSTALL := $(PYTHON) -m pip install -q --require-hashes
VOCABULARY := .venv/share/latentdial/bpe_simple_vocab_16e6.txt.gz
VOCABULARY_SHA256 := 924691ac288e54409236115652ad4aa250f48203de50a9e4722a6ecd48d6804a
SUDO    := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
PACKAGES := g++ cmake ninja-build pkg-config python3 python3-dev python3-venv libdnnl-dev libhwy-dev nlohmann-json3-dev libcli11-dev \
            libfmt-dev libpng-dev libjpeg-dev libwebp-dev libzip-dev libutf8proc-dev libcairo2-dev libboost1.81-dev \
            libgtest-dev libgmock-dev libbenchmark-dev zlib1g-dev
TEST_PACKAGES := chromium ccache
FUZZ_PACKAGES := clang libclang-rt-dev libomp-dev
# Objects are known by what they are compiled from, so that a build in another folder (pip's, a linked library's) compiles little anew.
export CMAKE_CXX_COMPILER_LAUNCHER = $(shell command -v ccache)
export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := 1
# By the same name, too: pip would say g++ where CMake says c++.
export CXX
FUZZ_SECONDS := 1800
FUZZ_RUNS := 1000000
FUZZ_SEED := 0
SOAK_SECONDS := 7200
SOAK_GROWTH := 1.05
RAY_PICTURES := 2000
FAULTS := 100
# The package from the objects of make test: with another nanobind or other settings of CMake, Ninja would compile them anew.
INSTALL_BUILT := -m pip install -q --no-build-isolation --check-build-dependencies --config-settings=build-dir=$(BUILD) \
                 $(addprefix --config-settings=cmake.define.,LATENTDIAL_PROGRAM=ON LATENTDIAL_TESTS=ON CMAKE_INSTALL_PREFIX=/usr/local) .
# Whole files, since much of them waits, the longest first; but what looks at the clock, or builds, runs by itself.
TWO_AT_A_TIME := -n 2 --dist loadfile --no-loadscope-reorder
BY_ITSELF := tests/faults tests/library \
             $(foreach name,attacks attacks_on_time clients connections defaults owners schemathesis,tests/server/test_$(name).py)
# Most of the page's minutes; the rest of tests/page looks at each of its parts.
PAGE_AT_LENGTH := $(foreach name,fit_button page what_stays,tests/page/test_$(name).py)
ATTACK = LATENTDIAL_ATTACK=1 LATENTDIAL_BIN=$(PROGRAM) $(PYTHON) -m pytest -q
COMPARE = LATENTDIAL_BUILD=$(BUILD) LATENTDIAL_CLIP_VOCAB=$(VOCABULARY) $(PYTHON) -m pytest -q -s
FULL_SIZE := $(foreach name,dial inpainting lcm lora two_clients upscaling,tests/parity/test_$(name).py)
# What else people have beside the first Stable Diffusions, and hang on them.
FAMILIES := $(foreach name,clip flow_peers lora_kinds quantised refiner sdxl sega taesd textual_inversion turbo unclip upscalers,tests/parity/test_$(name).py)
SANITIZED_ROOMS := text files tensor image ops weights prompt diffusion models dial model task
# What generates requests of every size waits for answers longer than it may when the program is slowed down.
UNHURRIED := --ignore=tests/server/test_schemathesis.py
# A stack with every finding of UndefinedBehaviorSanitizer; no word of what is suppressed, since tests read what the program says.
SANITIZED := LATENTDIAL_SANITIZED=1 UBSAN_OPTIONS=print_stacktrace=1 LSAN_OPTIONS=suppressions=$(CURDIR)/tests/lsan.supp:print_suppressions=0
# Teams of one, since the barriers of OpenMP are not instrumented; no kernels of oneDNN, whose writer reads past a block of memory here.
THREADS_WATCHED := LATENTDIAL_SANITIZED=1 OMP_THREAD_LIMIT=1 ONEDNN_MAX_CPU_ISA=AVX2 TSAN_OPTIONS=halt_on_error=1:ignore_noninstrumented_modules=1
THREADS_TESTS := sweep_run_jobs_test pipeline_threads_test pipeline_batch_test pipeline_preview_test

.PHONY: help demo build python test page library parity parity-build parity-stages parity-families parity-full-size research bench faults fuzz soak ray ruler train sanitize sanitize-rooms tsan format packages test-packages fuzz-packages load attack attack-connections attack-requests clip-vocabulary lock sbom clean

help:  ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

demo: build  ## The paper's figures 5 to 9, and its dial beside ours, on the embedded model
	$(PROGRAM) figures --out out/figures

build: packages  ## The program, build/release/bin/latentdial
	cmake --preset release
	cmake --build --preset release --target latentdial

python: packages .venv/test  ## The Python package, built and installed into .venv as users do, and its tests there
	$(PYTHON) -m pip install -q .
	$(PYTHON) -m pytest -q tests/python

test: packages test-packages .venv/test  ## All tests that need no torch but long forms (page, library, attack …); installs the Python package into .venv
	cmake --preset release -DLATENTDIAL_PYTHON=ON -DPython_EXECUTABLE=$(CURDIR)/$(PYTHON)
	cmake --build --preset release
	ctest --preset release -j2
	$(PYTHON) $(INSTALL_BUILT)
	LATENTDIAL_BIN=$(PROGRAM) $(PYTHON) -m pytest -q $(TWO_AT_A_TIME) tests/server tests/page tests/cli tests/pixels tests/python tests/repository tests/research/ruler tests/research/world $(addprefix --ignore=,$(BY_ITSELF) $(PAGE_AT_LENGTH))
	LATENTDIAL_BIN=$(PROGRAM) $(PYTHON) -m pytest -q $(BY_ITSELF)

page: build test-packages .venv/test  ## The page in a real browser, turned, fitted and reloaded (five minutes)
	LATENTDIAL_BIN=$(PROGRAM) $(PYTHON) -m pytest -q -n 2 $(PAGE_AT_LENGTH)

library: build .venv/test  ## The library as C++ programs link it: installed, as a folder of another project, static (ten minutes)
	LATENTDIAL_WHOLE=1 LATENTDIAL_BIN=$(PROGRAM) $(PYTHON) -m pytest -q tests/library

parity: parity-stages parity-families parity-full-size research  ## Live comparison with diffusers and transformers at full size, all four below

parity-build: packages .venv/parity clip-vocabulary
	cmake --preset release
	cmake --build --preset release

parity-stages: parity-build  ## Every stage at full size, whole pictures on the embedded model
	$(COMPARE) tests/parity $(addprefix --ignore=,$(FAMILIES) $(FULL_SIZE))

parity-families: parity-build  ## SDXL, its refiner, Turbo, unCLIP, upscalers, CLIP, small autoencoders; LoRAs, learnt words, quantised files
	$(COMPARE) $(FAMILIES)

parity-full-size: parity-build  ## Whole pictures of full-size models
	$(COMPARE) $(FULL_SIZE)

research: parity-build  ## The tests of research/, which need torch
	$(COMPARE) tests/research

bench: packages .venv/bench clip-vocabulary  ## Seconds, memory and ratios beside OpenVINO, diffusers and the machine's own peak (half an hour)
	cmake --preset release -DLATENTDIAL_BENCH=ON
	cmake --build --preset release
	LATENTDIAL_CLIP_VOCAB=$(VOCABULARY) $(PYTHON) bench/run.py --build $(BUILD)
	LATENTDIAL_CLIP_VOCAB=$(VOCABULARY) $(PYTHON) bench/one_step.py --build $(BUILD)

load: build .venv/test  ## 64 clients at once on the server for two minutes
	$(PYTHON) bench/load.py --program $(PROGRAM)

attack: attack-connections attack-requests  ## Attacks on the server, all that SECURITY.md promises to hold against, both below (ten minutes)

attack-connections: build .venv/test  ## Slow, broken and many connections
	$(ATTACK) tests/server/test_attacks_on_time.py tests/server/test_connections.py

attack-requests: build .venv/test  ## Requests of every size and kind
	$(ATTACK) tests/server/test_attacks.py tests/server/test_schemathesis.py

soak: build .venv/test  ## A server under a mixed load for SOAK_SECONDS (two hours): memory, latency, every picture the same
	$(PYTHON) bench/soak.py --program $(PROGRAM) --seconds $(SOAK_SECONDS) --most-growth $(SOAK_GROWTH)

ray: build .venv/test  ## A sweep of RAY_PICTURES (2,000) on Ray and in shards: a node, the driver, a shard die, and nothing is lost or made twice; what Ray costs
	$(INSTALL) -r tests/ray/requirements.txt
	cmake --preset release -DLATENTDIAL_PYTHON=ON -DPython_EXECUTABLE=$(CURDIR)/$(PYTHON)
	cmake --build --preset release --target latentdial_python
	LATENTDIAL_RAY_PICTURES=$(RAY_PICTURES) PYTHONPATH=$(BUILD)/python $(PYTHON) -m pytest -q -s tests/ray
	PYTHONPATH=$(BUILD)/python $(PYTHON) bench/ray_overhead.py --program $(PROGRAM) --pictures $(RAY_PICTURES)

faults: build .venv/test  ## kill -9 (each process FAULTS times, 100), full disks, cut models, too little memory: a table of what was lost
	LATENTDIAL_FAULTS=$(FAULTS) LATENTDIAL_BIN=$(PROGRAM) $(PYTHON) -m pytest -q -s tests/faults

fuzz: packages fuzz-packages  ## Fuzzers over every format and request, FUZZ_SECONDS and FUZZ_RUNS each (three hours on two cores)
	cmake --preset fuzz
	cmake --build --preset fuzz
	python3 tests/fuzz/run.py --seconds $(FUZZ_SECONDS) --runs $(FUZZ_RUNS) --seed $(FUZZ_SEED)

.venv/bench: .venv/parity bench/requirements.txt
	$(INSTALL) -r bench/requirements.txt
	touch $@

ruler: build .venv/parity  ## Every dial judged on the embedded model: out/ruler/index.html (hours; resumes)
	$(PYTHON) -m research.ruler --program $(PROGRAM)
	$(PYTHON) -m research.ruler.meter --program $(PROGRAM) --pictures out/ruler/pictures/calibrated

train: .venv/parity  ## The embedded model on the second world, in out/scenes (under six hours on two cores; stop it and call it again)
	$(PYTHON) -m research.training --resume

sanitize: packages .venv/test  ## The C++ tests, the program and the server under AddressSanitizer and UndefinedBehaviorSanitizer
	cmake --preset sanitize
	cmake --build --preset sanitize
	ctest --preset sanitize -j2
	$(SANITIZED) LATENTDIAL_BIN=build/sanitize/bin/latentdial $(PYTHON) -m pytest -q tests/cli tests/faults tests/server $(UNHURRIED)

sanitize-rooms: packages  ## The C++ tests of the rooms that handle memory themselves under the same two (ten minutes)
	cmake --preset sanitize
	cmake --build --preset sanitize --target $(SANITIZED_ROOMS:=_tests)
	ctest --preset sanitize -j2 -L "^($$(echo $(SANITIZED_ROOMS) | tr ' ' '|'))$$"

tsan: packages .venv/test  ## Sweeps, pipelines and the server under ThreadSanitizer
	cmake --preset tsan
	cmake --build --preset tsan --target latentdial $(THREADS_TESTS)
	set -e; for test in $(THREADS_TESTS); do $(THREADS_WATCHED) build/tsan/tests/$$test --gtest_brief=1; done
	$(THREADS_WATCHED) LATENTDIAL_BIN=build/tsan/bin/latentdial $(PYTHON) -m pytest -q tests/server tests/cli/test_commands.py -k "server or sweep or strip or shards" $(UNHURRIED)

format:  ## clang-format over all C++
	git ls-files '*.h' '*.cc' | xargs clang-format -i

packages: WANTED := $(PACKAGES)
test-packages: WANTED := $(TEST_PACKAGES)
fuzz-packages: WANTED := $(FUZZ_PACKAGES)
packages test-packages fuzz-packages:
	@dpkg -s $(WANTED) >/dev/null 2>&1 || \
	  ($(SUDO) apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq $(WANTED))

clip-vocabulary: $(VOCABULARY)  ## CLIP's merge list, for single-file checkpoints

$(VOCABULARY): .venv/bin/python
	$(INSTALL) --no-deps --target .venv/open_clip -r tests/parity/vocabulary.txt
	echo "$(VOCABULARY_SHA256)  .venv/open_clip/open_clip/$(@F)" | sha256sum --check --quiet
	mkdir -p $(@D)
	cp .venv/open_clip/open_clip/$(@F) $@

# Later ones keep to the versions of earlier ones: all are installed into one .venv.
LOCK := .venv/lock/bin/uv pip compile -q --upgrade --generate-hashes --no-annotate --python-version 3.11 --python-platform linux --custom-compile-command "make lock"
lock: .venv/bin/python  ## The newest Python packages that tests and benchmarks go with, written down with their hashes
	$(PYTHON) -m venv .venv/lock
	.venv/lock/bin/pip install -q --require-hashes -r tests/lock.txt
	$(LOCK) tests/requirements.in -o tests/requirements.txt
	$(LOCK) tests/parity/requirements.in -c tests/requirements.txt -o tests/parity/requirements.txt
	$(LOCK) tests/ray/requirements.in -c tests/requirements.txt -o tests/ray/requirements.txt
	$(LOCK) bench/requirements.in -c tests/requirements.txt -c tests/parity/requirements.txt -o bench/requirements.txt
	$(LOCK) --no-deps tests/parity/vocabulary.in -o tests/parity/vocabulary.txt
	$(LOCK) tests/lock.in -o tests/lock.txt

sbom: build  ## What the program is made of, Debian packages and locked Python packages, as CycloneDX: out/sbom.json
	mkdir -p out
	python3 packaging/sbom.py --program $(PROGRAM) > out/sbom.json

.venv/bin/python: | packages
	python3 -m venv .venv

.venv/test: .venv/bin/python tests/requirements.txt
	$(INSTALL) -r tests/requirements.txt
	touch $@

.venv/parity: .venv/test tests/parity/requirements.txt
	$(INSTALL) -r tests/parity/requirements.txt
	touch $@

clean:  ## Forget the builds
	rm -rf build out
