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

/// What options say of a client's pictures.
struct Choice {
  ModelPtr model;                   ///< `sd_model_checkpoint`
  std::string vae = VaeList::kOwn;  ///< `sd_vae`, one of VaeList's
  int clip_skip = 1;                ///< `CLIP_stop_at_last_layers`
};

/// What each client has chosen by its options: what one chooses changes no other's pictures. The latest 4096
/// clients' choices are kept. Thread-safe.
class Choices {
 public:
  void keep(const Client& client, const Choice& choice);
  /// The main model as it is where the client has chosen nothing. A model that is not in the list any more
  /// stays chosen: another in its place would be a wrong picture.
  [[nodiscard]] Choice of(const Client& client, const ModelList& models) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Choice> chosen_;  // By the client's name.
  std::deque<std::string> order_;         // In which they have first chosen.
};

/// What the handlers of A1111's API work with.
struct A1111 : Context {
  std::shared_ptr<LivePreviews> live = std::make_shared<LivePreviews>();
  std::shared_ptr<Choices> choices = std::make_shared<Choices>();
};

/// What /sdapi/v1/options says where this is chosen.
[[nodiscard]] Json a1111_options(const A1111& context, const Choice& choice);

/// What one request is to be drawn with.
struct Asked {
  Choice choice;
  ModelPtr model;      ///< The chosen one, with the VAE that was chosen.
  bool stays = false;  ///< It is the client's choice from then on.
};

/// The client's choice, and what `override_settings` chooses in its place: for this request alone unless
/// `override_settings_restore_afterwards` is false. Throws invalid_input.
[[nodiscard]] Asked read_asked(const A1111& context, const Client& client, const Json& body);

/// Adds /sdapi/v1/options, and what loads, unloads and lists models anew.
void add_a1111_options(Router& router, const A1111& context);

}  // namespace latentdial::server
