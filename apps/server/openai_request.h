#pragma once

#include <vector>

#include "http.h"
#include "picture_format.h"

namespace latentdial::server {

/// What a body of the images API asks for.
struct OpenAiRequest {
  std::vector<Settings> list;  ///< One a picture, seeds ascending.
  Request asked;               ///< The first of them, with pictures and network of all.
  ModelPtr model;
  bool stream = false;
  int partial_images = 0;  ///< Previews that the stream is to show, at most.
  bool as_urls = false;    ///< response_format "url".
  PictureFormat format;    ///< output_format and output_compression; not of what has an address.
};

/// OpenAI's name of one of our settings: "size" of "width"; "" where it has none.
[[nodiscard]] std::string openai_name(std::string_view field);

/// The model that goes by this name, the main one for OpenAI's own and none, which many programs cannot
/// change. Throws NotFound.
[[nodiscard]] ModelPtr find_openai_model(const ModelList& models, const Json& name);

/// Reads a JSON body of /v1/images/generations. Throws invalid_input naming the field, NotFound for a model
/// that is not here.
[[nodiscard]] OpenAiRequest read_generation(Body body, const ModelList& models, const Upscalers& upscalers);

/// Reads the form of /v1/images/edits: the same fields, and `image` as a file.
[[nodiscard]] OpenAiRequest read_edit(const HttpRequest& request, const ModelList& models,
                                      const Upscalers& upscalers);

}  // namespace latentdial::server
