#pragma once

#include <string>
#include <string_view>

namespace latentdial::server {

/// The bytes of base64 text, or of a data URL of it. Throws invalid_input of the field `key`.
[[nodiscard]] std::string decode_base64(const std::string& key, std::string_view text);
[[nodiscard]] std::string encode_base64(std::string_view bytes);

}  // namespace latentdial::server
