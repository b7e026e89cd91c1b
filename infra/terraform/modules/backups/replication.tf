resource "aws_iam_role" "replication" {
  name = "${var.name}-backups-replication"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "s3.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        ArnEquals    = { "aws:SourceArn" = "arn:aws:s3:::${local.bucket}" }
        StringEquals = { "aws:SourceAccount" = var.account_id }
      }
    }]
  })
}

resource "aws_iam_role_policy" "replication" {
  name = "copy"
  role = aws_iam_role.replication.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ReadTheList"
        Effect   = "Allow"
        Action   = ["s3:GetReplicationConfiguration", "s3:ListBucket"]
        Resource = module.bucket.arn
      },
      {
        Sid    = "ReadBackups"
        Effect = "Allow"
        Action = [
          "s3:GetObjectLegalHold",
          "s3:GetObjectRetention",
          "s3:GetObjectVersionAcl",
          "s3:GetObjectVersionForReplication",
          "s3:GetObjectVersionTagging",
        ]
        Resource = "${module.bucket.arn}/${local.prefix}*"
      },
      {
        # Copies only: a deletion in the first bucket is none in the second.
        Sid      = "WriteCopies"
        Effect   = "Allow"
        Action   = ["s3:ReplicateObject", "s3:ReplicateTags"]
        Resource = "${module.replica.arn}/${local.prefix}*"
      },
      {
        Sid      = "Decrypt"
        Effect   = "Allow"
        Action   = ["kms:Decrypt"]
        Resource = module.key.arn
      },
      {
        Sid      = "Encrypt"
        Effect   = "Allow"
        Action   = ["kms:Encrypt", "kms:GenerateDataKey"]
        Resource = module.replica_key.arn
      },
    ]
  })
}

resource "aws_s3_bucket_replication_configuration" "this" {
  region = var.region
  bucket = module.bucket.id
  role   = aws_iam_role.replication.arn

  rule {
    id     = "second-copy"
    status = "Enabled"

    filter {
      prefix = local.prefix
    }

    delete_marker_replication {
      status = "Disabled"
    }

    source_selection_criteria {
      sse_kms_encrypted_objects {
        status = "Enabled"
      }
    }

    destination {
      bucket        = module.replica.arn
      storage_class = "STANDARD_IA"

      encryption_configuration {
        replica_kms_key_id = module.replica_key.arn
      }
    }
  }
}
