#pragma once

#include <cstdint>
#include <string>

#include "http.h"

/// The pieces that a description of an API is made of.
namespace latentdial::server {

/// A schema of the document, by its name.
[[nodiscard]] Json reference(const std::string& name);
/// A body of this media type.
[[nodiscard]] Json content(const std::string& type, Json schema);
[[nodiscard]] Json array_of(Json items);
[[nodiscard]] Json text(const std::string& description);
/// A text that must say something.
[[nodiscard]] Json not_empty(Json text);
/// A whole number.
[[nodiscard]] Json whole(const std::string& description, std::int64_t least, std::int64_t most);

}  // namespace latentdial::server
