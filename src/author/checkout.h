/*
 * author/checkout.h - what git is doing in the checkout that a folder lies in. Read from its own
 * files: git itself need not be installed.
 */
#pragma once

#include <stdbool.h>

/* True while a `git rebase` or `git cherry-pick` is under way: then "theirs" in a conflict are the
 * commits of whoever runs it, and "ours" is what they are put upon; in a merge it is the other way
 * round. False where there is no checkout. */
bool checkout_is_replaying(const char *folder);
