module "volume_key" {
  source = "../key"

  name             = "${var.name}-volumes"
  description      = "Volumes of the nodes and of the pods of ${var.name}"
  account_id       = var.account_id
  region           = var.region
  administrators   = var.key_administrators
  via_services     = ["ec2"]
  granted_services = ["ec2"]

  # Auto Scaling starts the nodes as its service-linked role, which must be able to open their volumes.
  statements = [
    {
      Sid       = "AutoScalingUses"
      Effect    = "Allow"
      Principal = { AWS = local.auto_scaling }
      Action = [
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:GenerateDataKey",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
      ]
      Resource = "*"
    },
    {
      Sid       = "AutoScalingGrants"
      Effect    = "Allow"
      Principal = { AWS = local.auto_scaling }
      Action    = ["kms:CreateGrant"]
      Resource  = "*"
      Condition = { Bool = { "kms:GrantIsForAWSResource" = "true" } }
    },
  ]
}

locals {
  auto_scaling = "arn:aws:iam::${var.account_id}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"

  # Bottlerocket has two volumes: its own read-only system, and what containers write.
  volumes = { "/dev/xvda" = 4, "/dev/xvdb" = 60 }
}

resource "aws_iam_role" "node" {
  name = "${var.name}-node"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ec2.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

# What a node itself needs: join the cluster, pull images. The network plugin and the volume driver have roles of their own, and no pod can
# reach the node's role (hop limit below).
resource "aws_iam_role_policy_attachment" "node" {
  for_each = toset(["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"])

  role       = aws_iam_role.node.name
  policy_arn = "arn:aws:iam::aws:policy/${each.value}"
}

resource "aws_launch_template" "node" {
  name                   = "${var.name}-node"
  update_default_version = true

  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = "required"
    # One hop ends on the node: an answer never reaches a pod, so no pod can take the node's role.
    http_put_response_hop_limit = 1
    instance_metadata_tags      = "disabled"
  }

  dynamic "block_device_mappings" {
    for_each = local.volumes

    content {
      device_name = block_device_mappings.key

      ebs {
        volume_type           = "gp3"
        volume_size           = block_device_mappings.value
        encrypted             = "true"
        kms_key_id            = module.volume_key.arn
        delete_on_termination = "true"
      }
    }
  }

  monitoring {
    enabled = true
  }

  tag_specifications {
    resource_type = "instance"
    tags          = { Name = "${var.name}-node" }
  }
}

resource "aws_eks_node_group" "this" {
  cluster_name    = aws_eks_cluster.this.name
  node_group_name = "nodes"
  node_role_arn   = aws_iam_role.node.arn
  subnet_ids      = var.subnet_ids
  ami_type        = "BOTTLEROCKET_x86_64"
  instance_types  = var.nodes.instance_types

  launch_template {
    id      = aws_launch_template.node.id
    version = aws_launch_template.node.latest_version
  }

  scaling_config {
    min_size     = var.nodes.minimum
    desired_size = var.nodes.desired
    max_size     = var.nodes.maximum
  }

  update_config {
    max_unavailable = 1
  }

  # Pods get addresses only once the plugin that gives them runs.
  depends_on = [
    aws_iam_role_policy_attachment.node,
    aws_eks_addon.network,
  ]

  lifecycle {
    # The autoscaler's business from the first day on.
    ignore_changes = [scaling_config[0].desired_size]
  }
}
