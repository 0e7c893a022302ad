import { stripVTControlCharacters } from "node:util";

/** A frame that is not the project's: of Node, of a package, of the loop that waits. */
const foreignFrame = /^\s+at .*(?:node:|[\\/]node_modules[\\/]|\(index \d+\)$)/;

/** What a program died of, and where in the project. Where that lies on this machine is nobody's business. */
export function tidyProblem(problem: string, folder: string): string {
  return stripVTControlCharacters(problem)
    .split("\n")
    .filter((line) => !foreignFrame.test(line))
    .join("\n")
    .replaceAll(`file://${folder}/`, "")
    .replaceAll(`${folder}/`, "");
}
