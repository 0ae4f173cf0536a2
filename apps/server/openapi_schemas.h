#pragma once

#include "http.h"

/// What requests and answers hold, as schemas of JSON.
namespace latentdial::server {

/// Those that the document's paths name (json_schema.h, `reference`): Error, Job, Frame, Settings, Dial, Fit,
/// Txt2img, Img2img, Generation and Model.
[[nodiscard]] Json schemas();
/// The body of OpenAI's generations.
[[nodiscard]] Json openai_request();
/// The body of a picture that a network enlarges.
[[nodiscard]] Json upscaling_request();
/// The body of A1111's extras, of one picture or of several.
[[nodiscard]] Json extras_request(bool several);

}  // namespace latentdial::server
