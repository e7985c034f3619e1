/** The server's HTTP API, as the pages use it. Its types follow /openapi.json. */

export interface Summary {
  frames: number;
  frames_with_face: number;
  faces: number;
  identities: number;
  seconds: number;
  problems: string[];
}

export interface Analysis {
  id: string;
  name: string;
  media: string;
  state: "queued" | "running" | "done" | "failed";
  frames: number;
  frames_expected: number | null;
  created: string;
  error: string | null;
  summary: Summary | null;
}

export interface ServerInfo {
  version: string;
  pack: { name: string; version: string; precision: string; files: Record<string, string> };
  upload_bytes: number;
  kept_seconds: number;
  paths: boolean;
}

/** One face of one frame: the columns of the table that the pages draw. */
export interface Face {
  face_id: number;
  confidence: number;
  box: number[];
  landmarks: number[][];
  pupils: number[][];
  pose_euler: number[];
  pose_r: number[];
  pose_t: number[];
  gaze: number[][];
  gaze_angle: number[];
  eye_open: number[];
  au: number[];
  au_presence: number[];
  emotion: number[];
  valence: number;
  arousal: number;
  quality: number;
}

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

async function ask(path: string, options: RequestInit = {}): Promise<Response> {
  const response = await fetch(path, options);
  if (response.ok) return response;
  if (response.status === 401) window.dispatchEvent(new Event("token-needed"));
  const problem = (await response.json().catch(() => null)) as { detail?: string } | null;
  throw new ApiError(response.status, problem?.detail ?? `the server answered ${response.status}`);
}

export async function getJson<T>(path: string): Promise<T> {
  return (await ask(path)).json() as Promise<T>;
}

export const listAnalyses = () => getJson<Analysis[]>("/v1/analyses?most=100");
export const getAnalysis = (id: string) => getJson<Analysis>(`/v1/analyses/${id}`);
export const getServer = () => getJson<ServerInfo>("/v1/server");
export const getBytes = async (path: string) => (await ask(path)).arrayBuffer();

export async function deleteAnalysis(id: string): Promise<void> {
  await ask(`/v1/analyses/${id}`, { method: "DELETE" });
}

export async function openSession(token: string): Promise<void> {
  await postJson("/v1/session", { token });
}

export async function analyzePath(path: string): Promise<void> {
  await postJson("/v1/analyses", { path });
}

function postJson(path: string, value: unknown): Promise<Response> {
  const headers = { "Content-Type": "application/json" };
  return ask(path, { method: "POST", headers, body: JSON.stringify(value) });
}

/** Upload a file; `progress` is told the share that is sent, 0 to 1. */
export function upload(file: File, progress: (share: number) => void): Promise<Analysis> {
  return new Promise((resolve, reject) => {
    // Not fetch: it doesn't tell how much is sent.
    const request = new XMLHttpRequest();
    request.open("POST", `/v1/analyses?name=${encodeURIComponent(file.name)}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.responseType = "json";
    request.upload.onprogress = (event) => progress(event.loaded / Math.max(1, event.total));
    request.onerror = () => reject(new ApiError(0, "the connection broke; try again"));
    request.onload = () => {
      if (request.status === 202) resolve(request.response as Analysis);
      else {
        const detail = (request.response as { detail?: string } | null)?.detail;
        reject(new ApiError(request.status, detail ?? `the server answered ${request.status}`));
      }
    };
    request.send(file);
  });
}
