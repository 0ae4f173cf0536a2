// A LoRA of any kind, merged into a small model, and a word of textual inversion.
#include "scratch_file.h"
#include "try_input.h"
#include "weights/lora.h"
#include "weights/textual_inversion.h"

namespace {

using namespace latentdial::detail;

/// A linear layer, a convolution and a norm, and a text encoder's two tensors; as tests/fuzz/make_corpus.py
/// has them.
Checkpoint small_model() {
  const auto zeros = [](Shape shape) { return Tensor::zeros(std::move(shape)); };
  return {.path = "model",
          .format = "",
          .text_encoder = {{},
                           Weights("text_encoder", "model",
                                   {{"text_model.q_proj.weight", zeros({4, 4})},
                                    {"text_model.embeddings.token_embedding.weight", zeros({8, 4})}})},
          .unet = {{{"cross_attention_dim", 6}},
                   Weights("unet", "model",
                           {{"attn2.to_k.weight", zeros({4, 6})},
                            {"attn2.to_k.bias", zeros({4})},
                            {"conv.weight", zeros({4, 2, 3, 3})},
                            {"norm.weight", zeros({4})},
                            {"norm.bias", zeros({4})}})},
          .vae = {{}, Weights("vae", "model", {})},
          .scheduler_config = {},
          .tokenizer_dir = {}};
}

void load_all(const Weights& weights) {
  for (const auto& name : weights.names()) (void)weights.load(name, weights.shape(name));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latentdial;
  const fuzz::ScratchFile file({data, size});
  fuzz::try_input([&] { (void)read_textual_inversion(file.path(), {{"", 4}}); });
  return fuzz::try_input([&] {
    const Checkpoint model = small_model();
    (void)apply_lora(model, file.path(), 1.0);
    load_all(model.unet.weights);
    load_all(model.text_encoder.weights);
  });
}
