#!/usr/bin/env bash
# Builds the image for all its platforms from programs that are built, publishes it and says its digest to the workflow.
#   packaging/publish-image.sh NAME FOLDER      FOLDER has amd64/perfaudit and arm64/perfaudit
# Runs in the release workflow alone, with GH_TOKEN, GITHUB_ACTOR, GITHUB_OUTPUT and VERSION.
set -euo pipefail
name=${1:?a name}
folder=$(cd "${2:?a folder}" && pwd)
cd "$(dirname "$0")/.."

echo "$GH_TOKEN" | docker login ghcr.io --username "$GITHUB_ACTOR" --password-stdin
docker buildx create --use
# A tag can be moved: what it stands for now is what is built on.
base=gcr.io/distroless/cc-debian12
digest=$(docker buildx imagetools inspect "$base:nonroot" --format '{{json .Manifest}}' | jq -r .digest)
docker buildx build --file packaging/docker/Dockerfile --build-context "binary=$folder" --build-arg "BASE_IMAGE=$base@$digest" \
  --platform linux/amd64,linux/arm64 --provenance=false --tag "$name:$VERSION" --tag "$name:latest" \
  --label "org.opencontainers.image.source=$PERFAUDIT_REPOSITORY" --label "org.opencontainers.image.version=$VERSION" \
  --label org.opencontainers.image.licenses=MIT --push --metadata-file target/image.json .
{
  echo "name=$name"
  echo "digest=$(jq -r '."containerimage.digest"' target/image.json)"
} >> "$GITHUB_OUTPUT"
