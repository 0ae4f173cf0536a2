#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http.h"

namespace latentdial::server {

// What A1111's clients send along that has no setting here. It is taken where it asks for nothing, refused
// where it would make another picture, and named in a notice where nobody can tell.

/// Whether something is known of such a key.
[[nodiscard]] bool is_neutral(const std::string& key);

/// Reads one such key of a body. Throws invalid_input where it asks for what is not here; adds the keys that
/// nothing is known of to `unknown`.
void read_neutral(const std::string& key, const Json& value, std::vector<std::string>& unknown);

/// The same of A1111's scripts that always run.
void read_scripts(const Json& scripts);

/// The same of its `override_settings` but those that are chosen. `options` are the server's own: what they
/// are already is taken.
void read_overrides(const Json& overrides, const Json& options, std::vector<std::string>& unknown);

/// Whether an option is one that a client chooses (a1111_options.h).
[[nodiscard]] bool is_chosen_option(const std::string& key);
/// Whether such a value of an option that is not here asks for nothing.
[[nodiscard]] bool is_neutral_option(const std::string& key, const Json& value);
/// Whether an option is this already. The model goes by its title or its name alone.
[[nodiscard]] bool is_option(const Json& options, const std::string& key, const Json& value);

/// "SGM Uniform" and "sgm_uniform" as one: small letters, blanks.
[[nodiscard]] std::string as_spoken(std::string_view name);
/// A sampler or schedule of A1111's that is not here, and the nearest that is; "" for none.
[[nodiscard]] std::string nearest_sampler(std::string_view name);
[[nodiscard]] std::string nearest_scheduler(std::string_view name);

}  // namespace latentdial::server
