#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "http.h"
#include "router.h"

namespace latentdial::server {

/// When pictures under way are shown, as A1111 has it: to who asks for the progress, once so many steps have
/// passed since the last time. Nobody who does not look pays for it.
struct LivePreviews : std::enable_shared_from_this<LivePreviews> {
  std::atomic<bool> enabled = true;
  std::atomic<int> every_n_steps = 10;  ///< -1: never.

  [[nodiscard]] WantsPreview preview_when_asked() const;
};

/// Which model each client has chosen by `options.sd_model_checkpoint`: what one chooses changes no other's
/// pictures. The latest 4096 clients' choices are kept. Thread-safe.
class ModelChoices {
 public:
  void choose(const Client& client, const ModelPtr& model);
  /// The main one where it has chosen none. One that is not in the list any more stays chosen: another in its
  /// place would be a wrong picture.
  [[nodiscard]] ModelPtr of(const Client& client, const ModelList& models) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, ModelPtr> chosen_;  // By the client's name.
  std::deque<std::string> order_;           // In which they have first chosen.
};

/// What the handlers of A1111's API work with.
struct A1111 : Context {
  std::shared_ptr<LivePreviews> live = std::make_shared<LivePreviews>();
  std::shared_ptr<ModelChoices> choices = std::make_shared<ModelChoices>();
};

/// What /sdapi/v1/options says where this model is chosen.
[[nodiscard]] Json a1111_options(const A1111& context, const ServedModel& model);

/// The model of a request.
struct AskedModel {
  ModelPtr model;
  bool stays = false;  ///< It is the client's choice from then on.
};

/// The one of `override_settings.sd_model_checkpoint`, for this request alone unless
/// `override_settings_restore_afterwards` is false; else the client's choice. Throws invalid_input.
[[nodiscard]] AskedModel read_asked_model(const A1111& context, const Client& client, const Json& body);

/// Adds /sdapi/v1/options, and what loads, unloads and lists models anew.
void add_a1111_options(Router& router, const A1111& context);

}  // namespace latentdial::server
