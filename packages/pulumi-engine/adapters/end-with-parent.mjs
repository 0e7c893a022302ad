// Loaded into the engine's children with `--import`: a child whose engine is gone, killed or not, has no work left.
process.once("disconnect", () => process.exit(1));
// The listener must not keep a program alive that is through.
process.channel?.unref();
