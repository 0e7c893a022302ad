// Pulumi starts a pack by `require`, where it reads TypeScript in its own way; what is imported, Node reads itself.
import "./pack.ts";
