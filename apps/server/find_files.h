#pragma once

#include <set>
#include <string>

namespace latentdial::server {

/// The paths of what lies in a folder, through links and eight levels deep: files with one of the endings,
/// and folders that hold a file of the name `marker`, which are not looked into. Throws invalid_input of
/// `setting` where it cannot be read.
[[nodiscard]] std::set<std::string> find_files(const std::string& folder,
                                               const std::set<std::string>& endings, const char* marker,
                                               const char* setting);

}  // namespace latentdial::server
