import { unzipSync } from "fflate";
import * as v from "valibot";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { type Report, reportSchema } from "@pulumi-line-bot/infra-diff/model";

/** Also the folder, among the runner's temporary files, that the artifact is made of. */
export const artifactName = "infrastructure-diff";
export const reportFile = "report.json";
export const mostArtifactBytes = 5 * 1024 * 1024;
const mostReportBytes = 20 * 1024 * 1024;

/**
 * The report in an artifact that a stranger's code may have made: one file of it, of a size that a job can bear, and of
 * a form that the renderer knows.
 */
export function readReport(zip: Uint8Array): Report {
  const files = unzipSync(zip, {
    filter: ({ name, originalSize }) => name === reportFile && originalSize <= mostReportBytes,
  });
  const file = files[reportFile];
  if (file === undefined) throw new UserError(`The artifact has no ${reportFile} that could be read.`);
  return v.parse(reportSchema, JSON.parse(new TextDecoder().decode(file)));
}
