#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace latentdial::detail {

/// Every prompt that one with alternatives stands for, those of later places fastest; itself where it has
/// none.
/// "{red|blue}" is each of its parts, "__NAME__" each line of wildcards/NAME.txt in `folder`, NAME of
/// letters, digits, - and _; empty lines and what follows # are left out. Parts and lines may have
/// alternatives again. Throws invalid_input of the plan where there is no such file, it lies elsewhere once
/// links are followed, lines lead back to themselves, or there are more than 100,000 prompts.
[[nodiscard]] std::vector<std::string> alternatives_of(const std::string& prompt,
                                                       const std::filesystem::path& folder);

}  // namespace latentdial::detail
