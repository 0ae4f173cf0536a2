#pragma once

#include <string>

#include "body.h"
#include "http.h"
#include "job_queue.h"

/// What the two APIs that enlarge pictures read of a body. All throw invalid_input.
namespace latentdial::server {

inline constexpr double kMostEnlarged = 8;  ///< Times, as A1111 has it.
inline constexpr int kLongestEnlarged = 16384;

/// A number from `least` to `most`.
[[nodiscard]] double read_number(const std::string& key, const Json& value, double least, double most);

/// The picture that `value` is, in base64, with the settings in it.
[[nodiscard]] BroughtPicture read_brought(Body& body, const std::string& key, const Json& value);

/// Refuses what would become too large.
void check_sizes(const Enlargement& enlargement);

/// Refuses a body of which something is left.
void check_all_taken(const Json& body);

}  // namespace latentdial::server
