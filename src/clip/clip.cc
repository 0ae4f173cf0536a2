#include "latentdial/clip.h"

#include <cmath>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "clip/clip_folder.h"
#include "dial/style_words.h"
#include "image/area.h"
#include "model/clip_pixels.h"
#include "model/open_model.h"
#include "models/clip_text.h"
#include "models/clip_vision.h"
#include "prompt/standard_vocabulary.h"
#include "prompt/tokenizer.h"
#include "tensor/arithmetic.h"
#include "text/require.h"
#include "text/words.h"

namespace latentdial {

using namespace detail;
namespace {

Embedding to_embedding(const Tensor& embedding) {
  require_finite(embedding, "the CLIP model", "embedding");
  return {embedding.values().begin(), embedding.values().end()};
}

/// A text encoder with its tokenizer.
struct TextTower {
  TextTower(const ClipFolder& folder, const models::Scope& scope)
      : tokenizer(folder.tokenizer.empty() ? Tokenizer::standard_clip(find_standard_vocabulary())
                                           : Tokenizer::from_folder(folder.tokenizer)),
        model(scope, models::TextConfig::from_json(folder.text_config), {}, models::TextStates::penultimate) {
    require(model.has_summary(), "clip", "{} has no text_projection.weight", scope.weights.full_name(""));
  }

  Tokenizer tokenizer;
  models::ClipText model;
};

/// A text as the encoder reads it, cut at its window.
Encoding encoded(const std::optional<TextTower>& text, const std::string& words) {
  require(text.has_value(), "clip",
          "this model sees pictures alone; texts need a CLIPModel with both encoders");
  return text->tokenizer.encode(words, text->model.config().max_position_embeddings);
}

/// What files hold beside the layers: the training's temperature, and counts that transformers once wrote.
bool is_no_layer(const std::string& tensor) {
  return tensor == "logit_scale" || tensor.ends_with(".position_ids");
}

}  // namespace

double similarity(const Embedding& a, const Embedding& b) {
  require(a.size() == b.size(), "", "an embedding of {} numbers is not comparable with one of {}", a.size(),
          b.size());
  const double lengths = std::sqrt(dot(a, a) * dot(b, b));
  return lengths > 0 ? dot(a, b) / lengths : 0;
}

struct Clip::State {
  State(const ClipOptions& options, const ClipFolder& folder)
      : backend(ops::make_cpu_backend(
            backend_options({.model = "", .dtype = options.dtype, .threads = options.threads}))),
        vision({folder.weights, backend.get()}, models::VisionConfig::from_json(folder.vision_config)) {
    if (!folder.text_config.is_null()) text.emplace(folder, models::Scope{folder.weights, backend.get()});
    const char* kind = text ? "CLIPModel" : "CLIPVisionModelWithProjection";
    for (const std::string& tensor : folder.weights.unused())
      require(is_no_layer(tensor), "clip", "{}: a {} has no tensor {}", options.folder, kind,
              printable(tensor));
  }

  std::unique_ptr<ops::Backend> backend;
  models::ClipVision vision;
  std::optional<TextTower> text;
  std::mutex one_at_a_time;
};

Clip Clip::load(const ClipOptions& options) {
  require(options.dtype != "int8", "dtype", "a CLIP model computes in f32 or bf16, not in int8");
  return Clip(std::make_unique<State>(options, open_clip_folder(options.folder)));
}

Clip::Clip(std::unique_ptr<State> state) : state_(std::move(state)) {}
Clip::~Clip() = default;
Clip::Clip(Clip&&) noexcept = default;
Clip& Clip::operator=(Clip&&) noexcept = default;

int Clip::width() const {
  return static_cast<int>(state_->vision.config().projection_dim);
}

int Clip::image_size() const {
  return static_cast<int>(state_->vision.config().image_size);
}

bool Clip::reads_texts() const {
  return state_->text.has_value();
}

Embedding Clip::embed(const Image& image) const {
  const std::scoped_lock lock(state_->one_at_a_time);
  return to_embedding(state_->vision(clip_pixels(middle_square(image, image_size(), Resampling::bicubic))));
}

Embedding Clip::embed(const std::string& text) const {
  const Encoding encoding = encoded(state_->text, text);
  const std::scoped_lock lock(state_->one_at_a_time);
  const models::ClipText& model = state_->text->model;
  return to_embedding(
      state_->backend->to_host(model.summary(model(encoding.ids), encoding.prompt_tokens + 1)));
}

std::string Clip::left_out(const std::string& text) const {
  return encoded(state_->text, text).dropped_text;
}

std::vector<ClipReading> Clip::compare(const std::vector<Image>& pictures, const Measurement& m) const {
  const std::string content = without_style(m.prompt, m.style).value_or(m.prompt);
  const std::string words = joined(content, around_prompt(m.words, m.style));
  const Embedding styled = embed(words), plain = embed(content);
  const std::string cut = left_out(words);
  std::vector<ClipReading> readings;
  for (const Image& picture : pictures) {
    const Embedding seen = embed(picture);
    readings.push_back(
        {.styled = similarity(seen, styled), .plain = similarity(seen, plain), .left_out = cut});
  }
  return readings;
}

}  // namespace latentdial
