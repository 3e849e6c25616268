# In the place of the image with Rust, which cannot be had everywhere: a binary built before, and a `cargo` that hands it out.
ARG DEBIAN
FROM ${DEBIAN}
COPY portcullis /prebuilt/
COPY cargo /usr/local/bin/
