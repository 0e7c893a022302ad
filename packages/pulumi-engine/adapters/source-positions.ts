/** Where in the program a registration stands, in a form that is the same on every machine. */
import { relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type sourceMessages from "@pulumi/pulumi/proto/source_pb.js";

interface Positioned {
  getSourceposition(): sourceMessages.SourcePosition | undefined;
  getStacktrace(): sourceMessages.StackTrace | undefined;
}

export class SourcePositions {
  readonly #root: string;

  constructor(projectRoot: string) {
    this.#root = projectRoot;
  }

  of(request: Positioned): { sourcePosition?: string; stackTrace?: { sourcePosition?: string }[] } {
    const position = this.#format(request.getSourceposition());
    const frames = request.getStacktrace()?.getFramesList() ?? [];
    // A frame of nobody's file is a frame all the same.
    const stackTrace = frames.map((frame) => {
      const sourcePosition = this.#format(frame.getPc());
      return sourcePosition ? { sourcePosition } : {};
    });
    return { ...(position ? { sourcePosition: position } : {}), ...(stackTrace.length > 0 ? { stackTrace } : {}) };
  }

  /** Such as `project:///index.ts#4,1`. */
  #format(position: sourceMessages.SourcePosition | undefined): string | undefined {
    if (!position?.getUri().startsWith("file:")) return undefined;
    const path = relative(this.#root, fileURLToPath(position.getUri()));
    const column = position.getColumn() ? `,${position.getColumn()}` : "";
    return `project:///${path.split(sep).join("/")}#${position.getLine()}${column}`;
  }
}
