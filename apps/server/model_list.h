#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "guard.h"
#include "served_model.h"

namespace latentdial::server {

/// The models that requests may name: the main one, which those without a name get, and those of a folder.
/// Nothing but their names leads to them. Thread-safe.
class ModelList {
 public:
  /// `main` was loaded by `options`; `folder` holds diffusers folders and single files, and folders of them;
  /// "": none. Throws invalid_input for a folder that cannot be read.
  ModelList(const ModelOptions& options, const ModelInfo& main, std::string folder, Log log);

  /// Looks through the folder anew, unless somebody does already. What cannot be read, and the second of two
  /// files with one name, is left out and told to the log once. A file that has changed is another model of
  /// that name.
  void refresh();

  [[nodiscard]] const ModelPtr& main() const { return main_; }
  /// The main one first, the others by their places in the folder.
  [[nodiscard]] std::vector<ModelPtr> all() const;
  /// By its name, its title, its file's name or its hash; null for what is none of these.
  [[nodiscard]] ModelPtr find(std::string_view word) const;
  /// "a, b and 7 more".
  [[nodiscard]] std::string names() const;

 private:
  struct Looked {
    std::size_t stamp;
    ModelPtr model;  ///< Null: it cannot be read.
  };
  [[nodiscard]] ModelPtr look_at(const std::string& path);
  [[nodiscard]] ModelPtr inspect(const std::string& path, std::size_t stamp);
  void tell_once(const std::string& line);

  const std::string folder_;
  const Log log_;
  const ModelPtr main_;
  mutable std::mutex mutex_;
  std::vector<ModelPtr> models_;
  std::mutex refreshing_;
  std::map<std::string, Looked> looked_;
  std::set<std::string> told_;
};

}  // namespace latentdial::server
