// What a picture without a dial is called.

const RESTORED = { colorize: "in colour", deblur: "sharper", upscale: "larger" };

/** Its words; of a restored one that has none, what became of it. */
export const titleOf = ({ prompt, restore }) => prompt || (RESTORED[restore] ?? "");
