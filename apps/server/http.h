#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "body.h"
#include "client.h"
#include "http_message.h"
#include "job_queue.h"
#include "keys.h"
#include "latentdial/error.h"
#include "latentdial/pipeline.h"
#include "latentdial/upscaler.h"
#include "loaded_models.h"
#include "model_list.h"
#include "vae_list.h"

namespace latentdial::server {

/// Networks that clients may name.
using Upscalers = std::vector<std::shared_ptr<const Upscaler>>;

/// What every API works with.
struct Context {
  ModelList& models;
  LoadedModels& loaded;
  JobQueue& queue;
  const Keys& keys;
  const Upscalers& upscalers;
  VaeList& vaes;
  bool behind_proxy = false;
};

/// Why a request got no answer, before an API gives it its own shape.
struct Failure {
  int status = 500;
  std::string code;  ///< "invalid_input", "not_found", "queue_full" …
  std::string message;
  std::string field;  ///< What is wrong, in the API's own word; "" for no field.
};
using ErrorBody = Json (*)(const Failure&);

/// What was asked for is not here: 404.
class NotFound : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The model that goes by `name` in one of its forms. Throws invalid_input of `key`.
[[nodiscard]] ModelPtr find_model(const Context& context, const std::string& key, const Json& name);

/// The handler, with what it throws, now or when its answer comes later, turned into a status and `body`: 400
/// for invalid input (or `invalid_status`), 404, 429 with Retry-After, 500.
[[nodiscard]] Handler guarded(Handler handler, ErrorBody body, int invalid_status = 400);

/// An error of our settings in the words of an API that has others.
[[nodiscard]] Error in_words(const Error& error, const Naming& naming);
/// What `work` returns. The errors that it throws are in the API's words.
template <class Work>
auto in_words_of(const Naming& naming, const Work& work) {
  try {
    return work();
  } catch (const Error& error) {
    throw in_words(error, naming);
  }
}

[[nodiscard]] HttpResponse reply(const Json& body, int status = 200);

/// The request's body as a JSON object. It is gone from the request then, since both may be large. Throws
/// invalid_input.
[[nodiscard]] Body read_body(HttpRequest& request);

/// What addresses of this server begin with for the request's client: "http://localhost:7860". A proxy that
/// ends TLS says so in X-Forwarded-Proto, which is read from nobody else; where it has no such header, "":
/// the address is relative to the request's own.
[[nodiscard]] std::string origin_of(const Context& context, const HttpRequest& request);

/// A picture's file that came as setting `key`. Throws invalid_input of it.
[[nodiscard]] InputImage read_picture(const std::string& key, std::string_view bytes);
/// The same of a mask.
[[nodiscard]] InputImage read_mask_picture(const std::string& key, std::string_view bytes, MaskOf of);
/// The mask that means what this one does not.
[[nodiscard]] InputImage inverse_of(const InputImage& mask);

/// Throws invalid_input of a setting whose text is longer than 1 MiB.
void check_length(const std::string& key, std::string_view text);

inline constexpr int kAnySeed = -1;

/// A body's settings by our own names, and its pictures ("image", "to_image", "style_mask"), which are
/// base64, else those of `images`; `dial` is the position; `hires_with` names one of `upscalers` where it is
/// no word of ours. kAnySeed becomes a seed. No file of this machine can be named. Throws invalid_input.
[[nodiscard]] Request read_settings(Body body, InputImages images = {}, const Upscalers& upscalers = {});

/// What a body has under a key, taken out of it; null counts as not given.
Json take(Json& body, const char* key, Json otherwise);
/// A value as messages quote it: short, and on one line.
[[nodiscard]] std::string quoted(const Json& value);
/// What a key says, which must be true or false, or a whole number within limits. Throws invalid_input of it.
[[nodiscard]] bool read_flag(const std::string& key, const Json& value);
[[nodiscard]] int read_whole(const std::string& key, const Json& value, int least, int most);

}  // namespace latentdial::server
