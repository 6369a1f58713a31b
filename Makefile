# The two commands of the README, and a few for those who work on sluice.
BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=

.PHONY: all demo test check bench install clean packages

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja: | packages
	meson setup $(BUILD) --prefix=$(PREFIX)

packages:
	tools/install-packages

# The whole road on real parts. NAIVE=1, CRASH=1, ABORT=1 show the other three.
demo: all
	$(BUILD)/examples/notes/demo $(if $(NAIVE),--naive) $(if $(CRASH),--crash) $(if $(ABORT),--abort)

test: packages
	tools/run-tests

# Format, layers, docs in step, clang-tidy, cppcheck.
check: all
	tools/check $(BUILD)

# Ratios side by side; SIZE=full for the record.
bench: all
	bench/run $(BUILD) $(or $(SIZE),quick)

# What was built is installed; only where to is set anew.
install: all
	meson setup --reconfigure $(BUILD) --prefix=$(PREFIX) > /dev/null
	ninja -C $(BUILD)
	DESTDIR=$(DESTDIR) meson install -C $(BUILD) --no-rebuild

clean:
	rm -rf $(BUILD) build-*
