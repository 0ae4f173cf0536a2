#include "model/load_tokenizer.h"

#include "models/config.h"
#include "prompt/standard_vocabulary.h"

namespace latentdial::detail {

Tokenizer load_tokenizer(const Checkpoint& checkpoint) {
  if (!checkpoint.tokenizer_dir.empty()) return Tokenizer::from_folder(checkpoint.tokenizer_dir);
  // SD 2's OpenCLIP encoder was trained with "!", id 0, as padding.
  const auto text = models::TextConfig::from_json(checkpoint.text_encoder.config);
  const bool open_clip = text.hidden_act == ops::Activation::gelu;
  return Tokenizer::standard_clip(find_standard_vocabulary(), open_clip ? "!" : "<|endoftext|>");
}

}  // namespace latentdial::detail
