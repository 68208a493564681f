# Where snapshots and artifacts lie: `<prefix>/<2 hex digits>/<sha256>`, and `<prefix>/aside/…` while a clean-up thinks
# (cloud/storage/store.py). Objects are named by their content, so none is ever replaced by another.

resource "aws_s3_bucket" "artifacts" {
  #checkov:skip=CKV_AWS_18:Who read what stands in the API's own audit log; addresses to S3 are presigned by the API alone.
  #checkov:skip=CKV_AWS_144:One region is the promise; versions and the database's backups guard against mistakes (README.md).
  #checkov:skip=CKV2_AWS_62:Nothing of ours listens to the bucket.
  bucket        = "${var.name}-artifacts-${var.account}-${var.region}"
  force_destroy = !var.keep_data
}

resource "aws_s3_bucket_public_access_block" "artifacts" {
  bucket                  = aws_s3_bucket.artifacts.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "artifacts" {
  bucket = aws_s3_bucket.artifacts.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "artifacts" {
  bucket = aws_s3_bucket.artifacts.id

  rule {
    bucket_key_enabled = true # one call to KMS for many objects

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.data.arn
    }
  }
}

# Versions are the net under our own clean-up, which deletes for good: a mistake can be undone for some days.
resource "aws_s3_bucket_versioning" "artifacts" {
  bucket = aws_s3_bucket.artifacts.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "artifacts" {
  bucket     = aws_s3_bucket.artifacts.id
  depends_on = [aws_s3_bucket_versioning.artifacts]

  rule {
    id     = "broken-uploads"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload {
      days_after_initiation = 1 # an upload takes minutes; its parts cost money and are seen by nobody
    }
  }

  rule {
    id     = "deleted-is-gone"
    status = "Enabled"
    filter {}
    noncurrent_version_expiration {
      noncurrent_days = var.versions_kept_days
    }
    expiration {
      expired_object_delete_marker = true
    }
  }

  # Old steps of history are hardly ever read. This class costs the same for what is read and half for what is not.
  rule {
    id     = "old-history-is-cheaper"
    status = "Enabled"
    filter {
      object_size_greater_than = 131072 # smaller objects would cost more there
    }
    transition {
      days          = 30
      storage_class = "INTELLIGENT_TIERING"
    }
  }

  # No rule expires what is set aside: a row may still refer to it, and only the clean-up, which asks the database,
  # knows. It settles each within hours; if it stands still for a month, the objects must still be there.
}

resource "aws_s3_bucket_cors_configuration" "artifacts" { # browsers follow the API's redirect to a presigned address
  bucket = aws_s3_bucket.artifacts.id

  cors_rule {
    allowed_methods = ["GET", "HEAD"]
    allowed_origins = ["https://${var.host}"]
    allowed_headers = ["Range", "If-None-Match", "If-Range"]
    expose_headers  = ["Accept-Ranges", "Content-Disposition", "Content-Length", "Content-Range", "ETag"]
    max_age_seconds = 3600
  }
}

resource "aws_s3_bucket_policy" "artifacts" {
  bucket     = aws_s3_bucket.artifacts.id
  policy     = data.aws_iam_policy_document.artifacts_bucket.json
  depends_on = [aws_s3_bucket_public_access_block.artifacts]
}

data "aws_iam_policy_document" "artifacts_bucket" {
  statement {
    sid       = "OnlyTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.artifacts.arn, "${aws_s3_bucket.artifacts.arn}/*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
  statement {
    sid       = "NoOldTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.artifacts.arn, "${aws_s3_bucket.artifacts.arn}/*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "NumericLessThan"
      variable = "s3:TlsVersion"
      values   = ["1.2"]
    }
  }
}
