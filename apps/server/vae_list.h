#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "body.h"
#include "served_model.h"

namespace latentdial::server {

/// The VAEs of a folder (`serve --vae-dir`), which requests may name in place of a model's own: files, and
/// diffusers folders of one. They go by their names with endings, as A1111 has them; of two of one name the
/// first by path. Looked for whenever somebody asks. Thread-safe.
class VaeList {
 public:
  /// What stands for a model's own VAE; A1111's "None" does, too.
  static constexpr const char* kOwn = "Automatic";

  /// `folder` may be empty: none was given. Throws invalid_input of "vae_dir" for one that cannot be read.
  explicit VaeList(std::string folder);

  [[nodiscard]] std::vector<std::string> names() const;
  /// The name that a request means, with or without its ending; kOwn for null, "", "Automatic" and "None".
  /// Throws invalid_input of `key` naming what is there.
  [[nodiscard]] std::string find(const std::string& key, const Json& word) const;
  /// The model with the VAE of that name: another model, without the dials that were fitted on this one; of
  /// kOwn itself. Throws invalid_input of `key` where the file is gone, is no VAE, or does not fit.
  [[nodiscard]] ModelPtr with(const ModelPtr& model, const std::string& key, const std::string& name);

 private:
  struct Made {
    ModelPtr base;
    std::size_t stamp;
    ModelPtr model;
  };
  [[nodiscard]] std::map<std::string, std::string> paths() const;

  const std::string folder_;
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Made> made_;  ///< By the model's name and the VAE's.
};

}  // namespace latentdial::server
